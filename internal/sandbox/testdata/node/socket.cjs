// Slack's own clients for Node, unchanged, against the sandbox: one line of JSON for each thing that happened.
const { WebClient } = require("@slack/web-api");
const { SocketModeClient, LogLevel } = require("@slack/socket-mode");

const [api, botToken, appToken] = process.argv.slice(2);
const tell = (what, more) => console.log(JSON.stringify({ what, ...more }));
const web = new WebClient(botToken, { slackApiUrl: api });
const socket = new SocketModeClient({ appToken, clientOptions: { slackApiUrl: api }, logLevel: LogLevel.ERROR });

const modal = {
  type: "modal", callback_id: "mark", title: { type: "plain_text", text: "Mark an action" }, submit: { type: "plain_text", text: "Mark it" },
  blocks: [{ type: "input", block_id: "what", label: { type: "plain_text", text: "What was tried?" }, element: { type: "plain_text_input", action_id: "text" } }],
};

socket.on("slash_commands", async ({ ack, body }) => {
  if (body.text === "modal") {
    await ack();
    await web.views.open({ trigger_id: body.trigger_id, view: modal });
    return;
  }
  await ack({ text: "from node: " + body.text });
});
socket.on("interactive", async ({ ack, body }) => {
  if (body.type === "view_submission") {
    const value = body.view.state.values.what.text.value;
    await ack(value === "nothing" ? { response_action: "errors", errors: { what: "say more" } } : undefined);
    if (value !== "nothing") await web.chat.postMessage({ channel: "C0GENERAL0", text: "marked " + value });
  } else await ack();
});
socket.on("app_mention", async ({ ack, event }) => {
  await ack();
  await web.chat.postMessage({ channel: event.channel, thread_ts: event.thread_ts || event.ts, text: "heard" });
});

(async () => {
  const who = await web.auth.test();
  const posted = await web.chat.postMessage({ channel: "C0GENERAL0", text: "hello", blocks: [{ type: "divider" }], metadata: { event_type: "e", event_payload: { key: "k" } } });
  await web.chat.update({ channel: posted.channel, ts: posted.ts, text: "changed" });
  const history = await web.conversations.history({ channel: posted.channel, include_all_metadata: true });
  const file = await web.filesUploadV2({ channel_id: "C0GENERAL0", filename: "figures.csv", content: "a,b\n1,2\n", thread_ts: posted.ts });
  let refused = "";
  try {
    await web.chat.postMessage({ channel: "C0NOWHERE0", text: "x" });
  } catch (e) {
    refused = e.data.error;
  }
  const people = [];
  for await (const page of web.paginate("users.list", { limit: 2 })) people.push(...page.members.map((m) => m.name));
  tell("called", { user: who.user_id, scopes: who.response_metadata.scopes.length, text: history.messages[0].text, key: history.messages[0].metadata.event_payload.key, file: file.files[0].files[0].id, refused, people });
  await socket.start();
  tell("connected");
})().catch((e) => {
  console.error(e);
  process.exit(1);
});
