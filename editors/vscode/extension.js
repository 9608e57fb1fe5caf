// Starts `archdsl lsp` and connects the editor to it. Everything else is in the server.

const { commands, window, workspace } = require("vscode");
const { LanguageClient } = require("vscode-languageclient/node");

let client;

async function start() {
  const [command, ...args] = workspace.getConfiguration("archdsl").get("command");
  const server = { command, args };
  const options = { documentSelector: [{ language: "arch" }] };
  client = new LanguageClient("archdsl", "archdsl", server, options);
  try {
    await client.start();
  } catch (error) {
    window.showErrorMessage(
      `\`${command}\` could not be started (${error.message}). ` +
        "Install it with `pip install 'archdsl[lsp]'`, or set `archdsl.command` to where it is.",
    );
  }
}

async function stop() {
  const running = client;
  client = undefined;
  if (running?.isRunning()) {
    await running.stop();
  }
}

async function restart() {
  await stop();
  await start();
}

async function activate(context) {
  context.subscriptions.push(
    commands.registerCommand("archdsl.restart", restart),
    workspace.onDidChangeConfiguration((event) => event.affectsConfiguration("archdsl.command") && restart()),
  );
  await start();
}

module.exports = { activate, deactivate: stop };
