package sandbox

func (g Group) slackForm(users bool) answer {
	out := answer{
		"id": g.ID, "team_id": TeamID, "is_usergroup": true, "is_subteam": true, "handle": g.Handle, "name": g.Name, "description": "",
		"is_external": false, "auto_type": nil, "date_create": 0, "date_update": 0, "date_delete": 0, "user_count": len(g.Users),
		"prefs": answer{"channels": []string{}, "groups": []string{}},
	}
	if users {
		out["users"] = append([]string{}, g.Users...)
	}
	return out
}

func usergroupsList(c *call) (answer, error) {
	all := []answer{}
	for _, g := range c.w.cfg.Groups {
		all = append(all, g.slackForm(c.flag("include_users")))
	}
	return answer{"usergroups": all}, nil
}

func usergroupsUsersList(c *call) (answer, error) {
	for _, g := range c.w.cfg.Groups {
		if g.ID == c.args["usergroup"] {
			return answer{"users": append([]string{}, g.Users...)}, nil
		}
	}
	return nil, fail("no_such_subteam")
}
