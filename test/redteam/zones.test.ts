import { holds } from './hold.ts';

holds('reader', 'zone', 'escape', 'containers', 'agents', 'egress', 'locks', 'mail');
