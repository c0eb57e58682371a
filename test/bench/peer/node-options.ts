/** How the embedded stack starts the money path (`infra/embedded/services.ts`); the peer is given a heap of 1 GiB. */
export const NODE_OPTIONS_OF_SERVICES: readonly string[] = [
  '--min-semi-space-size=32',
  '--max-semi-space-size=32',
  '--max-old-space-size=224',
  '--disable-warning=ExperimentalWarning',
];
