import { holds } from './hold.ts';

holds('reader', 'zone', 'escape', 'mail');
