import { holds } from './hold.ts';

holds('reader', 'zone', 'escape', 'agents', 'mail');
