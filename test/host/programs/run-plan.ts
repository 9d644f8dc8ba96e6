// `install|uninstall ROOT BASE`: carries the mixed plan out, or takes it back, in a process that can be killed.
import { apply } from '../../../src/host/install/apply.ts';
import { targetAt } from '../../../src/host/install/paths.ts';
import { THIS_MACHINE } from '../../../src/host/install/site.ts';
import { findSources } from '../../../src/host/install/sources.ts';
import { uninstall } from '../../../src/host/install/undo.ts';
import { mixedPlan } from '../support/fake-system.ts';

const [what, root = '', base = ''] = process.argv.slice(2);
const target = targetAt(root);
const tell = (event: object): void => void process.stdout.write(`${JSON.stringify(event)}\n`);
if (what === 'install') {
  const plan = mixedPlan(findSources(`${base}/checkout-one`, `${base}/checkout-one/node`));
  apply({ plan, choices: { ollama: false, oneAccount: false }, target, ports: THIS_MACHINE, tell });
} else {
  uninstall({ target, ports: THIS_MACHINE, keepHome: false, tell });
}
