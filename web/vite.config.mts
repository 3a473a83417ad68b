import { defineConfig } from 'vite';

// The page is part of the Go binary: package console embeds this folder.
export default defineConfig({
  define: { global: 'globalThis' }, // the session of amazon-chime-sdk-js expects one
  build: {
    outDir: '../console/page/dist',
    emptyOutDir: true,
    target: 'es2022',
    assetsInlineLimit: 0, // the page's policy allows no data: URLs
    modulePreload: { polyfill: false },
  },
});
