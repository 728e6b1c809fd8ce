/** Keeps issues in step between a beads file and a folder of Cody's Markdown files. */

export { BadRecord, normalised } from './issue.js';
export { plan } from './plan.js';
export { BeadsStore } from './stores/beads.js';
export { CodyStore } from './stores/cody.js';
export { synchronise } from './sync.js';
