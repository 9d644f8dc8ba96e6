import type { CapabilityClient } from '../bridge/index.ts';
import { ACTIONS } from '../contracts/index.ts';
import type { Tools } from './work.ts';

/** Reads and drafts through the bridge: request, wait if policy wants a person, execute. */
export function bridgeTools(client: CapabilityClient, nowMs: () => number): Tools {
  return {
    call: async (action, params) => {
      const effect = ACTIONS.get(action)?.effect;
      if (effect !== 'read' && effect !== 'draft') {
        return { kind: 'refused', error: 'action_not_allowed', message: `\`${action}\` is proposed, not called` };
      }
      const capability = await client.requestCapability(action, params);
      if (capability.kind === 'refused') return capability;
      if (capability.kind === 'allowed') return await client.executeWithToken(capability.token, action, params);
      const answer = await client.waitForApproval(capability.requestId);
      if (answer.kind === 'approved') return await client.executeWithToken(answer.token, action, params);
      if (answer.kind === 'refused') return answer;
      return { kind: 'refused', error: 'policy_denied', message: `the owner did not allow it (${answer.kind})` };
    },
    tasks: () => client.taskList(),
    putTask: (task) => client.taskPut(task),
    deleteTask: (task) => client.taskDelete(task),
    nowMs,
  };
}
