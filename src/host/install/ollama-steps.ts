import { HardshellError } from '../../contracts/index.ts';
import { renderCareUnits, renderLogRotation, renderOllamaDropIn } from '../services/ollama.ts';
import { UNIT_FOLDER } from '../services/systemd.ts';
import type { Step } from './plan.ts';
import { directory, enabled, shared, text } from './step-makers.ts';

/** A model's name stands in a unit file: nothing in it may mean anything there. */
const MODEL = /^[a-z0-9][\w.-]{0,63}(?:\/[\w.-]{1,63}){0,3}(?::[\w.-]{1,63})?$/i;

/** The tuning of a local model server that is there already. Nothing of it is installed or fetched. */
export function ollamaSteps(models: readonly string[], current: string): Step[] {
  const wrong = models.find((name) => !MODEL.test(name));
  if (wrong !== undefined)
    throw new HardshellError(
      'config_invalid',
      'a model is named like `qwen3:8b`: letters, digits, `.`, `_`, `-`, `/`, `:`',
      {
        fate: 'refuse',
      },
    );
  const folder = `${UNIT_FOLDER}/ollama.service.d`;
  return [
    { ...directory(folder, 0o755, 'additions to the unit of the model server'), holds: 'ours' },
    text(`${folder}/hardshell.conf`, 0o644, renderOllamaDropIn(), 'this machine only, two models kept loaded'),
    shared('/etc/logrotate.d'),
    text('/etc/logrotate.d/hardshell-ollama', 0o644, renderLogRotation(), 'five logs of 20 MB at most'),
    ...renderCareUnits(models, current).flatMap(({ name, service, timer }): Step[] =>
      timer === null
        ? enabled(`${name}.service`, service, 'models are loaded before the first question')
        : [
            text(`${UNIT_FOLDER}/${name}.service`, 0o644, service, 'looks after the model server'),
            ...enabled(`${name}.timer`, timer, 'looks after it every minute', 'timers.target'),
          ],
    ),
  ];
}
