// The types of folder.cjs.

/** Where the data sets lie: ALBERT_DATA, or ../shared/data beside the repository. */
export declare const folder: string;
