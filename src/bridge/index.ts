export { encodeFrame, FrameDecoder, WIRE_FRAME_LIMITS, type FrameLimits } from './frame.ts';
export {
  FrameConnection,
  WIRE_CONNECTION_LIMITS,
  type ConnectionEvents,
  type ConnectionLimits,
  type Frame,
} from './connection.ts';
export { listenFrames, SOCKET_PATH_BYTES_MAX, type Listener, type ListenOptions } from './server.ts';
export { errorFrame, serveFrames, type RequestContext, type ServeOptions } from './requests.ts';
export { connectFrames, openSocket, RequestClient, type ConnectOptions } from './client.ts';
export { EGRESS_EVENTS_SOCKET, watchEgress, type EgressPosition, type WatchEgressOptions } from './egress-events.ts';
export { EGRESS_SOCKET, openTunnel, type OpenTunnelOptions } from './egress-client.ts';
export {
  CapabilityClient,
  hashOfParams,
  ZONE_BRIDGE_SOCKET,
  type Answered,
  type Approved,
  type Capability,
  type CapabilityClientOptions,
  type Executed,
  type NewTask,
  type Params,
} from './capability-client.ts';
export type { ExecuteValue, InstructionDelivery, ItemDelivery, Refused, StoredTask } from './capability-answers.ts';
export { withSocketMode } from './socket-mode.ts';
