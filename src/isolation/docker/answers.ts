import * as z from 'zod';

// The engine's answers carry hundreds of fields and gain more with each version: each shape names what we ask about and
// lets the rest go. What is missing, or of another type, is refused.

export const problemAnswer = z.object({ message: z.string() });
export const anything = z.unknown();

export const infoAnswer = z.object({
  ServerVersion: z.string(),
  OSType: z.string(),
  Driver: z.string(),
  DriverStatus: z.array(z.array(z.string())).nullish(),
  CgroupDriver: z.string(),
  CgroupVersion: z.string(),
  MemoryLimit: z.boolean(),
  SwapLimit: z.boolean(),
  PidsLimit: z.boolean(),
  CpuCfsQuota: z.boolean(),
  SecurityOptions: z.array(z.string()).nullish(),
});
export type EngineInfo = z.infer<typeof infoAnswer>;

export const versionAnswer = z.object({ ApiVersion: z.string().regex(/^\d+\.\d+$/), Os: z.string() });

export const createdAnswer = z.object({
  Id: z.string().regex(/^[0-9a-f]{64}$/),
  Warnings: z.array(z.string()).nullish(),
});
export const waitAnswer = z.object({ StatusCode: z.int() });
export const listAnswer = z.array(
  z.object({
    Id: z.string().regex(/^[0-9a-f]{64}$/),
    Names: z.array(z.string()).nullish(),
    Labels: z.record(z.string(), z.string()).nullish(),
  }),
);

export const imageAnswer = z.object({
  Id: z.string(),
  Os: z.string(),
  Architecture: z.string(),
  RootFS: z.object({ Type: z.string(), Layers: z.array(z.string()).nullish() }),
  Config: z
    .object({
      Env: z.array(z.string()).nullish(),
      Entrypoint: z.array(z.string()).nullish(),
      Cmd: z.array(z.string()).nullish(),
      Volumes: z.record(z.string(), z.unknown()).nullish(),
      User: z.string().nullish(),
      Labels: z.record(z.string(), z.string()).nullish(),
    })
    .nullish(),
});

const strings = z.array(z.string()).nullish();

export const inspectAnswer = z.object({
  Id: z.string(),
  Image: z.string(),
  Path: z.string(),
  Args: z.array(z.string()),
  AppArmorProfile: z.string(),
  State: z.object({
    Status: z.string(),
    Running: z.boolean(),
    OOMKilled: z.boolean(),
    Pid: z.int(),
    ExitCode: z.int(),
    Error: z.string(),
  }),
  Config: z.object({
    User: z.string(),
    Env: z.array(z.string()),
    WorkingDir: z.string(),
    Labels: z.record(z.string(), z.string()),
    Tty: z.boolean(),
    Hostname: z.string(),
    Volumes: z.record(z.string(), z.unknown()).nullish(),
    Healthcheck: z.object({ Test: z.array(z.string()).nullish() }).nullish(),
  }),
  HostConfig: z.object({
    Binds: strings,
    NetworkMode: z.string(),
    PortBindings: z.record(z.string(), z.unknown()).nullish(),
    RestartPolicy: z.object({ Name: z.string() }),
    VolumesFrom: strings,
    CapAdd: strings,
    CapDrop: strings,
    CgroupnsMode: z.string(),
    CgroupParent: z.string(),
    GroupAdd: strings,
    IpcMode: z.string(),
    PidMode: z.string(),
    UTSMode: z.string(),
    UsernsMode: z.string(),
    Privileged: z.boolean(),
    PublishAllPorts: z.boolean(),
    ReadonlyRootfs: z.boolean(),
    SecurityOpt: strings,
    Tmpfs: z.record(z.string(), z.string()).nullish(),
    Memory: z.int(),
    MemorySwap: z.int(),
    OomKillDisable: z.boolean().nullish(),
    CpuPeriod: z.int(),
    CpuQuota: z.int(),
    PidsLimit: z.int().nullish(),
    Devices: z.array(z.unknown()).nullish(),
    DeviceRequests: z.array(z.unknown()).nullish(),
    DeviceCgroupRules: strings,
    MaskedPaths: strings,
    ReadonlyPaths: strings,
    LogConfig: z.object({ Type: z.string() }),
    Runtime: z.string(),
  }),
  Mounts: z.array(
    z.object({ Type: z.string(), Source: z.string().optional(), Destination: z.string(), RW: z.boolean() }),
  ),
  NetworkSettings: z.object({ Networks: z.record(z.string(), z.unknown()) }),
});
export type Inspected = z.infer<typeof inspectAnswer>;
