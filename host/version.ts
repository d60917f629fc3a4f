// The version of the host API: what a bundle's `host` range is checked against. A test holds it equal to package.json's.

export const HOST_VERSION = '1.0.0';
