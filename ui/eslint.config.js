import { existsSync, readdirSync } from "node:fs";
import svelte from "eslint-plugin-svelte";
import globals from "globals";
import ts from "typescript-eslint";
import svelteConfig from "./svelte.config.js";

const SOURCES = new URL("src/", import.meta.url);
/** A folder with a panel is a capability. */
const CAPABILITIES = readdirSync(SOURCES).filter((name) => existsSync(new URL(`${name}/Panel.svelte`, SOURCES)));

const shell = { group: ["@tauri-apps/*"], message: "Only src/backend/tauri.ts knows the desktop shell." };
const fake = {
  group: ["**/backend/fake", "**/backend/fake/**"],
  message: "Only src/backend/index.ts and tests know the simulated backend.",
};
const layout = { group: ["**/app/**"], message: "Nothing reaches back into src/app." };
const capabilities = (names) =>
  names.map((name) => ({
    group: [`**/${name}/*`, `!**/backend/**`],
    message: "Only src/app sees two capabilities; give it what it needs as a property.",
  }));

const may = (files, ...patterns) => ({ files, rules: { "no-restricted-imports": ["error", { patterns }] } });

export default ts.config(
  { ignores: ["dist", "dist-browser", "node_modules", "e2e/out"] },
  ...ts.configs.recommended,
  ...svelte.configs.recommended,
  {
    languageOptions: { globals: { ...globals.browser } },
    rules: {
      "@typescript-eslint/no-unused-vars": ["error", { argsIgnorePattern: "^_", varsIgnorePattern: "^_" }],
      "@typescript-eslint/consistent-type-imports": ["error", { fixStyle: "inline-type-imports" }],
      "no-console": "error",
      "no-eval": "error",
      "max-lines": ["error", { max: 450 }],
    },
  },
  {
    files: ["src/**"],
    ignores: ["src/**/*.test.ts", "src/backend/fake/**", "src/shared/format.ts", "src/shared/ui/composition.ts"],
    rules: {
      "no-restricted-syntax": [
        "error",
        {
          selector: "NewExpression[callee.name='Date'][arguments.length>0]",
          message: "A time may be out of range; shared/format.ts writes it.",
        },
        {
          selector: "MemberExpression[property.name='DateTimeFormat']",
          message: "A time may be out of range; shared/format.ts writes it.",
        },
        {
          selector: "MemberExpression[property.name=/^(isComposing|keyCode)$/]",
          message: "shared/ui/composition.ts keeps an input method's keys from everything.",
        },
        {
          selector:
            "CallExpression[callee.property.name='addEventListener'][arguments.0.value='keydown'][arguments.length>2]",
          message: "A listener that captures keys gets an input method's as well.",
        },
      ],
    },
  },
  {
    files: ["**/*.svelte", "**/*.svelte.ts"],
    languageOptions: { parserOptions: { parser: ts.parser, extraFileExtensions: [".svelte"], svelteConfig } },
    rules: {
      // A reassigned $state.raw Map or Set is as reactive as any other value, and cheaper than a deep one.
      "svelte/prefer-svelte-reactivity": "off",
      "svelte/no-at-html-tags": "error",
    },
  },
  { files: ["*.js", "*.ts", "e2e/**"], languageOptions: { globals: globals.node }, rules: { "no-console": "off" } },

  // The layers. Each rule replaces the one before it for its files, so each names everything that is closed to them.
  may(["src/**"], shell, fake),
  ...CAPABILITIES.map((name) =>
    may([`src/${name}/**`], shell, fake, layout, ...capabilities(CAPABILITIES.filter((other) => other !== name))),
  ),
  may(["src/shared/**"], shell, fake, layout, ...capabilities(CAPABILITIES)),
  may(["src/backend/**"], shell, layout, ...capabilities(CAPABILITIES)),
  may(["src/backend/tauri.ts"], fake, layout, ...capabilities(CAPABILITIES)),
  may(["src/bindings/**"], { group: ["*"], message: "Bindings are types and import nothing." }),
  // Tests of one capability run it on the simulated backend.
  ...CAPABILITIES.map((name) =>
    may([`src/${name}/**/*.test.ts`], shell, layout, ...capabilities(CAPABILITIES.filter((other) => other !== name))),
  ),
  may(["src/app/**/*.test.ts", "src/testing/**"], shell),
  {
    files: ["src/bindings/**"],
    rules: {
      "no-restricted-syntax": [
        "error",
        {
          selector:
            "ExportNamedDeclaration[exportKind!='type']:has(VariableDeclaration,FunctionDeclaration,ClassDeclaration)",
          message: "Bindings are types.",
        },
      ],
    },
  },
);
