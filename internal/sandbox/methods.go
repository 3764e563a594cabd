package sandbox

// methods is the Web API: what there is, how often it may be called, by which
// token and scopes. Tiers and scopes are those of Slack's pages of each method.
var methods map[string]method

func init() { // in init, since handlers reach this table again
	methods = map[string]method{
		"api.test":              {run: apiTest, limit: special},
		"auth.test":             {run: authTest, limit: special},
		"apps.connections.open": {run: connectionsOpen, limit: tier3, app: true},
		"team.info":             {run: teamInfo, limit: tier3, scope: needs("team:read")},
		"bots.info":             {run: botsInfo, limit: tier3, scope: needs("users:read")},

		"chat.postMessage":   {run: chatPostMessage, limit: posting, scope: needs("chat:write")},
		"chat.postEphemeral": {run: chatPostEphemeral, limit: tier4, scope: needs("chat:write")},
		"chat.update":        {run: chatUpdate, limit: tier3, scope: needs("chat:write")},
		"chat.delete":        {run: chatDelete, limit: tier3, scope: needs("chat:write")},
		"chat.getPermalink":  {run: chatGetPermalink, limit: special},

		"conversations.list":       {run: conversationsList, limit: tier2, scope: needs("channels:read", "groups:read", "mpim:read", "im:read")},
		"conversations.info":       {run: conversationsInfo, limit: tier3, scope: byKind("read")},
		"conversations.history":    {run: conversationsHistory, limit: tier3, scope: byKind("history")},
		"conversations.replies":    {run: conversationsReplies, limit: tier3, scope: byKind("history")},
		"conversations.members":    {run: conversationsMembers, limit: tier4, scope: byKind("read")},
		"conversations.join":       {run: conversationsJoin, limit: tier3, scope: needs("channels:join")},
		"conversations.leave":      {run: conversationsLeave, limit: tier3, scope: managing},
		"conversations.open":       {run: conversationsOpen, limit: tier3, scope: needs("im:write")},
		"conversations.create":     {run: conversationsCreate, limit: tier2, scope: managing},
		"conversations.archive":    {run: conversationsArchive, limit: tier2, scope: managing},
		"conversations.invite":     {run: conversationsInvite, limit: tier3, scope: managing},
		"conversations.kick":       {run: conversationsKick, limit: tier3, scope: managing},
		"conversations.setTopic":   {run: conversationsSetTopic, limit: tier2, scope: managing},
		"conversations.setPurpose": {run: conversationsSetPurpose, limit: tier2, scope: managing},

		"users.info":            {run: usersInfo, limit: tier4, scope: needs("users:read")},
		"users.list":            {run: usersList, limit: tier2, scope: needs("users:read")},
		"users.conversations":   {run: usersConversations, limit: tier3, scope: needs("channels:read", "groups:read", "mpim:read", "im:read")},
		"usergroups.list":       {run: usergroupsList, limit: tier2, scope: needs("usergroups:read")},
		"usergroups.users.list": {run: usergroupsUsersList, limit: tier2, scope: needs("usergroups:read")},

		"reactions.add":    {run: reactionsAdd, limit: tier3, scope: needs("reactions:write")},
		"reactions.get":    {run: reactionsGet, limit: tier3, scope: needs("reactions:read")},
		"reactions.remove": {run: reactionsRemove, limit: tier2, scope: needs("reactions:write")},
		"pins.add":         {run: pinsAdd, limit: tier2, scope: needs("pins:write")},
		"pins.list":        {run: pinsList, limit: tier2, scope: needs("pins:read")},
		"pins.remove":      {run: pinsRemove, limit: tier2, scope: needs("pins:write")},
		"bookmarks.add":    {run: bookmarksAdd, limit: tier2, scope: needs("bookmarks:write")},
		"bookmarks.list":   {run: bookmarksList, limit: tier2, scope: needs("bookmarks:read")},
		"bookmarks.remove": {run: bookmarksRemove, limit: tier2, scope: needs("bookmarks:write")},

		"views.open":    {run: viewsOpen, limit: tier4},
		"views.push":    {run: viewsPush, limit: tier4},
		"views.update":  {run: viewsUpdate, limit: tier4},
		"views.publish": {run: viewsPublish, limit: tier4},

		"files.getUploadURLExternal":   {run: filesGetUploadURL, limit: tier4, scope: needs("files:write")},
		"files.completeUploadExternal": {run: filesComplete, limit: tier4, scope: needs("files:write")},
		"files.info":                   {run: filesInfo, limit: tier4, scope: needs("files:read")},
		"files.list":                   {run: filesList, limit: tier3, scope: needs("files:read")},
		"files.delete":                 {run: filesDelete, limit: tier3, scope: needs("files:write")},
	}
}

func apiTest(c *call) (answer, error) { return answer{"args": c.args}, nil }

func authTest(c *call) (answer, error) {
	return answer{
		"url": base(c.r) + "/", "team": c.w.cfg.Team, "team_id": TeamID,
		"user": "statusbot", "user_id": BotUserID, "bot_id": BotID, "is_enterprise_install": false,
	}, nil
}

func teamInfo(c *call) (answer, error) {
	return answer{"team": answer{"id": TeamID, "name": c.w.cfg.Team, "domain": c.w.cfg.Team, "email_domain": "", "url": base(c.r) + "/"}}, nil
}

func botsInfo(c *call) (answer, error) {
	if id := c.args["bot"]; id != BotID {
		return nil, fail("bot_not_found")
	}
	return answer{"bot": answer{"id": BotID, "app_id": AppID, "user_id": BotUserID, "name": "statusbot", "deleted": false, "updated": 0}}, nil
}
