import react from '@vitejs/plugin-react';
import { defineConfig } from 'vitest/config';

/** Django serves the output under /static/dist/ and finds the files of an island through the manifest. */
export default defineConfig({
  base: '/static/dist/',
  plugins: [react()],
  build: {
    outDir: '../../static/dist',
    emptyOutDir: true,
    manifest: true,
    target: 'es2022',
    // The browsers that know light-dark(); for older ones it would be rewritten into something that tokens.css breaks.
    cssTarget: ['chrome123', 'firefox120', 'safari17.5'],
    rollupOptions: {
      input: {
        editor: 'src/islands/editor.tsx',
        run: 'src/islands/run.tsx',
        graph: 'src/islands/graph.tsx',
      },
    },
  },
  test: { include: ['src/**/*.test.ts'], environment: 'node', css: true },
});
