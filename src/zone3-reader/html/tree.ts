import type { DefaultTreeAdapterMap, DefaultTreeAdapterTypes, TreeAdapter } from 'parse5';
import { defaultTreeAdapter } from 'parse5';
import { CAPS } from '../caps.ts';
import type { Element } from './selectors.ts';
import { buildTree } from './tokens.ts';

export type Document = DefaultTreeAdapterTypes.Document;
export type Node = DefaultTreeAdapterTypes.ChildNode;

export interface HtmlTree {
  readonly document: Document;
  /** `<style>` elements in document order. */
  readonly styles: readonly Element[];
  /** The cap on nodes was hit: the tree ends there. */
  readonly cut: boolean;
}

/** Stops the parser. Thrown and caught in this file only. */
class NodeCap extends Error {}

/**
 * The tree that a browser would build, scripts off. Mis-nested formatting can make a small page grow into millions of
 * nodes; the adapter counts them and stops at the cap, and what stands until there is used.
 */
export function parseHtml(html: string): HtmlTree {
  const styles: Element[] = [];
  let document = defaultTreeAdapter.createDocument();
  let left: number = CAPS.htmlNodesMax;
  const count = (): void => {
    left -= 1;
    if (left < 0) throw new NodeCap('too many nodes');
  };
  const treeAdapter: TreeAdapter<DefaultTreeAdapterMap> = {
    ...defaultTreeAdapter,
    createDocument: () => (document = defaultTreeAdapter.createDocument()),
    createElement: (tagName, namespace, attrs) => {
      count();
      const element = defaultTreeAdapter.createElement(tagName, namespace, attrs);
      if (tagName === 'style') styles.push(element);
      return element;
    },
    createTextNode: (value) => {
      count();
      return defaultTreeAdapter.createTextNode(value);
    },
    createCommentNode: (data) => {
      count();
      return defaultTreeAdapter.createCommentNode(data);
    },
  };
  try {
    buildTree(html, treeAdapter);
    return { document, styles, cut: false };
  } catch (error) {
    if (!(error instanceof NodeCap)) throw error;
    return { document, styles, cut: true };
  }
}
