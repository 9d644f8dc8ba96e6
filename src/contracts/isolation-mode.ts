/**
 * Isolation modes from the strongest to the weakest (`zones.minimumMode` refuses what comes after it). F: root, user
 * namespaces, an own uid a zone. R: root without user namespaces. U: an ordinary user, one uid for all zones. L: no
 * namespaces at all, Landlock and the filter only.
 */
export const ISOLATION_MODES = ['F', 'R', 'U', 'L'] as const;
export type IsolationMode = (typeof ISOLATION_MODES)[number];
