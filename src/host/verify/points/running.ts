import { draw, named, saw, type Evidence } from '../../baseline/index.ts';
import { expectedZones, missingZones } from '../expected-zones.ts';
import { failed, NOT_RUNNING, passed, type Bench, type PointCheck, type SupervisorStatus } from '../point.ts';

const RESTART = 'restart it with `hardshell down` and `hardshell up`';

/** The one that acts: started, alive, answering its owner and its zones. Z3.2. */
export async function testExecutor(bench: Bench): Promise<readonly PointCheck[]> {
  const status = await bench.supervisor();
  if (status === null) return [failed(NOT_RUNNING)];
  return [await testControl(bench, status), await testBridge(bench, status)];
}

async function testControl(bench: Bench, status: SupervisorStatus): Promise<PointCheck> {
  const answer = await bench.askExecutor();
  if (answer === null)
    return failed({
      found: 'the executor does not answer on its control socket',
      evidence: [saw('control socket', 'no answer')],
      remedy: RESTART,
    });
  const evidence = [
    saw(
      'control socket',
      `version ${answer.version}, epoch ${answer.epoch}, ready ${answer.ready}, killed ${answer.killed}`,
    ),
    saw('supervisor', `epoch ${status.armed_epoch}, ready ${status.ready}`),
  ];
  if (answer.killed || answer.epoch !== status.armed_epoch)
    return failed({ found: 'the executor takes itself for stopped', evidence, remedy: RESTART });
  if (answer.ready) return passed('the executor answers its owner, and is ready', evidence);
  const why = answer.warnings[0] === undefined ? '' : `: ${draw(answer.warnings[0], 160)}`;
  return failed({ found: `the executor answers, and sends nothing${why}`, evidence, remedy: 'see `hardshell status`' });
}

/** Asked as the planner would, on its own socket: who answers there is the executor. */
async function testBridge(bench: Bench, status: SupervisorStatus): Promise<PointCheck> {
  const planner = status.zones.find(({ name }) => name === 'zone2-planner');
  const socket = planner?.socket ?? null;
  if (socket === null)
    return failed({ found: 'there is no bridge to try: the planner does not run', evidence: [], remedy: RESTART });
  const zone = await bench.pingZone(socket);
  const evidence = [saw(socket, zone === null ? 'ping: no answer' : `ping: pong from ${zone}`)];
  if (zone === 'zone2-planner') return passed('the executor answers its zones', evidence);
  return failed({ found: 'the executor does not answer on the bridge of the planner', evidence, remedy: RESTART });
}

/** Every process that has to run does, by the word of the supervisor and by the kernel's. */
export async function testZones(bench: Bench): Promise<readonly PointCheck[]> {
  const status = await bench.supervisor();
  if (status === null) return [failed(NOT_RUNNING)];
  const expected = expectedZones(bench);
  const missing = missingZones(expected, status);
  const looked = status.zones.map((zone) => ({ zone, seen: zone.pid === null ? null : bench.inspectZone(zone.pid) }));
  const evidence: Evidence[] = looked.map(({ zone, seen }) =>
    saw(zone.name, seen === null ? 'no program below it' : `process ${seen.pid}, state ${seen.state}, ${seen.program}`),
  );
  // Readers and the planners of single items come and go; who is expected by name stays.
  const standing = looked.filter(({ zone }) => expected.includes(zone.name));
  const dead = standing.filter(({ seen }) => seen === null).map(({ zone }) => `${named(zone.name)} has no program`);
  const halted = looked.flatMap(({ zone, seen }) =>
    seen !== null && /^[TtZX]/.test(seen.state) ? [`${named(zone.name)} is halted`] : [],
  );
  const wrong = [...missing.map((name) => `${named(name)} does not run`), ...dead, ...halted];
  if (wrong.length > 0) return [failed({ found: wrong.join('; '), evidence, remedy: RESTART })];
  return [passed(`${expected.length} expected, ${status.zones.length} running`, evidence)];
}
