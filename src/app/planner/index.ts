export { readTemplates } from './read-templates.ts';
