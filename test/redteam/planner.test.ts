import { holds } from './hold.ts';

holds('tokens', 'wire', 'sessions', 'approvals', 'caps');
