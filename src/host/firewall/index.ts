export { attackFirewall, type AttackResult } from './attack.ts';
export { checkFirewall, type FirewallCheck } from './check.ts';
export { judgeFirewall, type FirewallVerdict } from './judge.ts';
export { loadFirewall, removeFirewall } from './load.ts';
export { NFT_TABLE } from './nft-table.ts';
export { nftRuleset } from './nft-text.ts';
export { PF_ANCHOR, pfAnchorLines, pfRuleset } from './pf-text.ts';
export { checkPlan, type FirewallPlan, type UidRange } from './plan.ts';
export { runFirewall, type Ran, type RunFirewall } from './run-nft.ts';
