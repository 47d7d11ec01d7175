import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import tailwind from '@tailwindcss/vite'
import react from '@vitejs/plugin-react'
import { defineConfig, type Plugin } from 'vite'

// GATEWAY is where `npm run dev` finds a gateway.
const gateway = process.env.GATEWAY ?? 'http://127.0.0.1:8080'

// fontLicences puts the fonts' licences beside them, as the licences ask.
function fontLicences(): Plugin {
  const fonts = [
    '@fontsource-variable/ibm-plex-sans',
    '@fontsource/ibm-plex-mono',
    '@fontsource-variable/source-serif-4',
  ]
  return {
    name: 'font-licences',
    apply: 'build',
    generateBundle() {
      const text = (font: string) => readFileSync(new URL(`./node_modules/${font}/LICENSE`, import.meta.url), 'utf8')
      this.emitFile({
        type: 'asset',
        fileName: 'fonts.txt',
        source: fonts.map((f) => `${f}\n\n${text(f)}`).join('\n\n'),
      })
    },
  }
}

export default defineConfig({
  plugins: [react(), tailwind(), fontLicences()],
  resolve: { alias: { '@': fileURLToPath(new URL('./src', import.meta.url)) } },
  server: { proxy: { '/v1': gateway, '/api': gateway } },
  build: { license: { fileName: 'licenses.md' }, assetsInlineLimit: 0, reportCompressedSize: false },
})
