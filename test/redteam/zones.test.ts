import { holds } from './hold.ts';

holds('reader', 'zone', 'mail');
