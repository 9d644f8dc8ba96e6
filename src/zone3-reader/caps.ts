/** What one message may cost. Each cap ends in a finding, never in an exception. */
export const CAPS = {
  /** Bytes of one header block that are looked at. */
  headerBytesMax: 262_144,
  headerFieldsMax: 1_000,
  /** Characters of one header field. */
  fieldCharsMax: 65_536,
  partsMax: 400,
  /** Multiparts and messages inside one another. */
  depthMax: 24,
  /** Bytes of one text part that are decoded. */
  textBytesMax: 2_097_152,
  /** Bytes of all text parts together. */
  textBytesTotalMax: 4_194_304,
  /** Characters of HTML that are parsed, over the whole message. */
  htmlCharsMax: 1_572_864,
  htmlNodesMax: 120_000,
  /** Characters of visible text that are kept before `body` is cut. */
  visibleCharsMax: 1_000_000,
  /** Characters of hidden text that are kept as evidence for the detector. */
  hiddenCharsMax: 20_000,
  /** Characters after the cut of `body` that the detector still looks at. */
  restCharsMax: 10_000,
  cssCharsMax: 262_144,
  cssRulesMax: 4_000,
  /** Comparisons of one element with one selector, over the whole message. */
  cssStepsMax: 3_000_000,
  /** Brackets inside one another in one chat message, and its values. */
  jsonDepthMax: 64,
  jsonValuesMax: 100_000,
  /** Links and bold words of one text; both services allow about a hundred. */
  entitiesMax: 1_000,
  /** Parts of one message (blocks, buttons, poll options, people) that are laid out. */
  chatPartsMax: 2_000,
} as const;
