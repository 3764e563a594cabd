package sandbox

import (
	"cmp"
	"time"
)

// slackForm is a person as users.info shows them.
func (u User) slackForm() answer {
	out := answer{
		"id": u.ID, "team_id": u.team(), "name": u.Name, "real_name": u.RealName, "deleted": false, "tz": u.TZ, "color": "9f69e7",
		"is_bot": u.IsBot, "is_app_user": false, "is_admin": u.IsAdmin, "is_owner": false, "is_primary_owner": false, "is_restricted": u.IsRestricted,
		"is_ultra_restricted": u.IsUltraRestricted, "is_email_confirmed": !u.IsBot, "updated": 0,
		"profile": answer{"real_name": u.RealName, "real_name_normalized": u.RealName, "display_name": u.Name, "display_name_normalized": u.Name, "team": u.team()},
	}
	if u.stranger() {
		out["is_stranger"] = true
	}
	if loc, err := time.LoadLocation(u.TZ); err == nil {
		label, offset := time.Now().In(loc).Zone()
		out["tz_label"], out["tz_offset"] = label, offset
	}
	if u.IsBot {
		out["profile"].(answer)["bot_id"], out["profile"].(answer)["api_app_id"] = BotID, AppID
	}
	return out
}

func usersInfo(c *call) (answer, error) {
	u, err := c.w.state.user(c.args["user"])
	if err != nil || u.ID != c.args["user"] {
		return nil, fail("user_not_found")
	}
	return answer{"user": u.slackForm()}, nil
}

func usersList(c *call) (answer, error) {
	limit, err := c.number("limit", 1000, 0, 1000)
	if err != nil {
		return nil, err
	}
	var all []answer
	for _, u := range c.w.state.users {
		if !u.stranger() { // Slack lists the workspace's own people
			all = append(all, u.slackForm())
		}
	}
	page, next, err := paged(all, c.args["cursor"], cmp.Or(limit, 1000))
	if err != nil {
		return nil, err
	}
	return answer{"members": page, "cache_ts": time.Now().Unix(), "response_metadata": answer{"next_cursor": next}}, nil
}
