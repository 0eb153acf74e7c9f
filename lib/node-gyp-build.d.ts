// Types of node-gyp-build, which ships none: finds build/Release or prebuilds/ under a folder and loads the addon.
declare module 'node-gyp-build' {
  function nodeGypBuild(folder: string): unknown;
  export default nodeGypBuild;
}
