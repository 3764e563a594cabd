package sandbox

// methods is the Web API: what there is, how often it may be called, and by
// which token. Tiers are those of Slack's pages of each method.
var methods map[string]method

func init() { // in init, since handlers reach this table again
	methods = map[string]method{
		"api.test":              {run: apiTest, limit: special},
		"auth.test":             {run: authTest, limit: special},
		"apps.connections.open": {run: connectionsOpen, limit: tier3, app: true},

		"chat.postMessage":   {run: chatPostMessage, limit: posting},
		"chat.postEphemeral": {run: chatPostEphemeral, limit: tier4},
		"chat.update":        {run: chatUpdate, limit: tier3},
		"chat.delete":        {run: chatDelete, limit: tier3},
		"chat.getPermalink":  {run: chatGetPermalink, limit: special},

		"conversations.list":    {run: conversationsList, limit: tier2},
		"conversations.info":    {run: conversationsInfo, limit: tier3},
		"conversations.history": {run: conversationsHistory, limit: tier3},
		"conversations.replies": {run: conversationsReplies, limit: tier3},
		"conversations.members": {run: conversationsMembers, limit: tier4},
		"conversations.join":    {run: conversationsJoin, limit: tier3},
		"conversations.open":    {run: conversationsOpen, limit: tier3},

		"users.info":          {run: usersInfo, limit: tier4},
		"users.list":          {run: usersList, limit: tier2},
		"users.conversations": {run: usersConversations, limit: tier3},

		"reactions.add": {run: reactionsAdd, limit: tier3},
		"pins.add":      {run: pinsAdd, limit: tier2},
		"bookmarks.add": {run: bookmarksAdd, limit: tier2},

		"views.open":    {run: viewsOpen, limit: tier4},
		"views.update":  {run: viewsUpdate, limit: tier4},
		"views.publish": {run: viewsPublish, limit: tier4},

		"files.getUploadURLExternal":   {run: filesGetUploadURL, limit: tier4},
		"files.completeUploadExternal": {run: filesComplete, limit: tier4},
		"files.info":                   {run: filesInfo, limit: tier4},
	}
}

// botScopes is what the bot token may do, as a header of each answer.
const botScopes = "commands,chat:write,chat:write.customize,app_mentions:read,channels:history,channels:read,channels:join,groups:history,groups:read," +
	"im:history,im:write,files:write,files:read,users:read,pins:write,bookmarks:write,reactions:write"

func apiTest(c *call) (answer, error) { return answer{"args": c.args}, nil }

func authTest(c *call) (answer, error) {
	return answer{
		"url": base(c.r) + "/", "team": c.w.cfg.Team, "team_id": TeamID,
		"user": "statusbot", "user_id": BotUserID, "bot_id": BotID, "is_enterprise_install": false,
	}, nil
}
