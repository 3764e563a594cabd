// Package sandbox is a local Slack workspace: the Web API, Socket Mode or
// signed HTTP requests, slash commands, buttons, modals, the app's home,
// threads, files and response_urls, over real HTTP and real WebSockets, so
// that a real Slack client library can be run against it. It has people with
// roles in it, and a control API (/sandbox/...) by which a test or the
// page types commands as one of them and reads what that person sees.
//
// It is strict where Slack is strict: sizes, shapes, tokens, rate limits, the
// three seconds of an acknowledgement, the single use of a trigger_id, scopes. It
// answers in Slack's words. It can be made to fail on purpose (see Fault).
//
// What is kept: messages, up to 5,000 a channel, and the last 10,000 lines of
// the log. With Config.Dir, messages and channels are written to a file of
// JSON lines before the API answers, and survive a restart; files, views and
// ephemeral messages do not.
//
// Only tests and the command line start it. It shares nothing with the bot:
// the two meet on the wire.
package sandbox
