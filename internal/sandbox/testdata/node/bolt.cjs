// Bolt in HTTP mode, unchanged: it verifies the sandbox's signatures and answers url_verification by itself.
const { App, LogLevel } = require("@slack/bolt");

const [api, token, signingSecret] = process.argv.slice(2);
const app = new App({ token, signingSecret, clientOptions: { slackApiUrl: api }, logLevel: LogLevel.ERROR });

app.command("/status", async ({ command, ack }) => ack(`bolt says ${command.text}`));
app.action("often", async ({ ack, respond }) => {
  await ack();
  await respond({ text: "more often", replace_original: true });
});
app.event("app_mention", async ({ event, say }) => say({ text: "heard", thread_ts: event.ts }));
app.event("app_home_opened", async ({ event, client }) =>
  client.views.publish({ user_id: event.user, view: { type: "home", blocks: [{ type: "section", text: { type: "mrkdwn", text: "at home" } }] } }));

(async () => {
  const server = await app.start({ port: 0, host: "127.0.0.1" });
  console.log(JSON.stringify({ what: "listening", port: server.address().port }));
})().catch((e) => {
  console.error(e);
  process.exit(1);
});
