// Types of node-gyp-build, which ships none.
declare module 'node-gyp-build' {
  /** Finds build/Release or prebuilds/ under a folder and loads the addon in it. */
  function nodeGypBuild(folder: string): unknown;
  export default nodeGypBuild;
}
