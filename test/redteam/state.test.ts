import { holds } from './hold.ts';

holds('stop', 'files', 'crash', 'rules', 'disk');
