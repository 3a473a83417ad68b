// What the page of the tests has: the official client and the SDK, as a bundler takes them, unmodified.

export * as sdk from 'amazon-chime-sdk-js';
export * as messaging from '@aws-sdk/client-chime-sdk-messaging';
export { fromWebToken } from '@aws-sdk/credential-providers';
