package hooks

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// github has of the bodies of GitHub what is told
// (docs.github.com, Webhook events and payloads).
type github struct {
	Action     string `json:"action"`
	Repository struct {
		Name string `json:"full_name"`
	} `json:"repository"`
	Deployment struct {
		ID          int64  `json:"id"`
		SHA         string `json:"sha"`
		Ref         string `json:"ref"`
		Environment string `json:"environment"`
		Production  bool   `json:"production_environment"`
		CreatedAt   string `json:"created_at"`
	} `json:"deployment"`
	Status struct {
		ID          int64  `json:"id"`
		State       string `json:"state"`
		Description string `json:"description"`
		Environment string `json:"environment"`
		CreatedAt   string `json:"created_at"`
	} `json:"deployment_status"`
	Release struct {
		ID          int64  `json:"id"`
		Tag         string `json:"tag_name"`
		PublishedAt string `json:"published_at"`
		CreatedAt   string `json:"created_at"`
	} `json:"release"`
	Run struct {
		ID         int64  `json:"id"`
		Attempt    int    `json:"run_attempt"`
		Name       string `json:"name"`
		SHA        string `json:"head_sha"`
		Branch     string `json:"head_branch"`
		Conclusion string `json:"conclusion"`
		UpdatedAt  string `json:"updated_at"`
	} `json:"workflow_run"`
}

func readGitHub(s Source, event string, body []byte) (told, error) {
	var g github
	if json.Unmarshal(body, &g) != nil {
		return told{}, errNoJSON
	}
	repo := clipped(g.Repository.Name)
	key := func(id int64, of string) string { return fmt.Sprintf("github\n%s\n%s\n%d\n%s", event, repo, id, of) }
	d := g.Deployment
	what := fmt.Sprintf("%s %s to %s", repo, at(d.Ref, d.SHA), clipped(d.Environment))
	switch event {
	case "ping":
		return ignored("the webhook works"), nil
	case "deployment":
		if !s.counts(d.Environment, d.Production) {
			return ignored("deploys to %q are not told", clip(d.Environment)), nil
		}
		return noted("deploy of "+what+" begins", key(d.ID, ""), timeOf(d.CreatedAt)), nil
	case "deployment_status":
		switch st := g.Status; {
		case !s.counts(d.Environment, d.Production):
			return ignored("deploys to %q are not told", clip(d.Environment)), nil
		case st.State == "success":
			return changed("deployed "+what, key(st.ID, st.State), timeOf(st.CreatedAt)), nil
		case st.State == "failure", st.State == "error":
			return changed(because("deploy of "+what+" failed", st.Description), key(st.ID, st.State), timeOf(st.CreatedAt)), nil
		}
		return ignored("a deploy that is %q is not told", clip(g.Status.State)), nil
	case "release":
		if g.Action != "published" {
			return ignored("a release is told when it is published"), nil
		}
		return noted("released "+repo+" "+clipped(g.Release.Tag), key(g.Release.ID, g.Action), timeOf(g.Release.PublishedAt)), nil
	case "workflow_run":
		return readRun(g, repo, key), nil
	}
	return ignored("%q is not told; choose Deployments, Deployment statuses, Releases or Workflow runs", clip(event)), nil
}

// readRun reads the run of a workflow that deploys, as its name says: for who deploys
// without GitHub's environments.
func readRun(g github, repo string, key func(int64, string) string) told {
	run := g.Run
	name := strings.ToLower(run.Name)
	if !slices.ContainsFunc([]string{"deploy", "rollout", "roll out", "rollback", "roll back"}, func(w string) bool { return strings.Contains(name, w) }) {
		return ignored("a workflow run is told if its workflow's name has deploy, rollout or rollback")
	}
	if g.Action != "completed" {
		return ignored("a workflow run is told when it is completed")
	}
	what, of := fmt.Sprintf("%s of %s %s", clipped(run.Name), repo, at(run.Branch, run.SHA)), key(run.ID, fmt.Sprint(run.Attempt))
	switch run.Conclusion {
	case "success":
		return changed(what+" is done", of, timeOf(run.UpdatedAt))
	case "failure", "timed_out":
		return changed(what+" failed", of, timeOf(run.UpdatedAt))
	}
	return ignored("a workflow run that ended as %q is not told", clip(run.Conclusion))
}

// gitlab has of the bodies of GitLab what is told (docs.gitlab.com, Webhook events:
// deployment events, pipeline events).
type gitlab struct {
	Kind    string `json:"object_kind"`
	Project struct {
		Path string `json:"path_with_namespace"`
	} `json:"project"`

	// deployment
	Status      string `json:"status"`
	ChangedAt   string `json:"status_changed_at"`
	ID          int64  `json:"deployment_id"`
	Environment string `json:"environment"`
	Tier        string `json:"environment_tier"`
	Ref         string `json:"ref"`
	SHA         string `json:"short_sha"`

	// pipeline
	Pipeline struct {
		ID         int64  `json:"id"`
		Ref        string `json:"ref"`
		SHA        string `json:"sha"`
		Status     string `json:"status"`
		FinishedAt string `json:"finished_at"`
	} `json:"object_attributes"`
	Builds []struct {
		Environment *struct {
			Name   string `json:"name"`
			Action string `json:"action"`
			Tier   string `json:"deployment_tier"`
		} `json:"environment"`
	} `json:"builds"`
}

const production = "production"

func readGitLab(s Source, body []byte) (told, error) {
	var g gitlab
	if json.Unmarshal(body, &g) != nil || g.Kind == "" {
		return told{}, errNoJSON
	}
	switch g.Kind {
	case "deployment":
		return readDeployment(s, g), nil
	case "pipeline":
		return readPipeline(s, g), nil
	}
	return ignored("%q is not told; choose Deployment events, or Pipeline events", clip(g.Kind)), nil
}

func readDeployment(s Source, g gitlab) told {
	if !s.counts(g.Environment, g.Tier == production) {
		return ignored("deploys to %q are not told", clip(g.Environment))
	}
	what := fmt.Sprintf("%s %s to %s", clipped(g.Project.Path), at(g.Ref, g.SHA), clipped(g.Environment))
	key, when := fmt.Sprintf("gitlab\n%s\n%d\n%s", g.Project.Path, g.ID, g.Status), timeOf(g.ChangedAt)
	switch g.Status {
	case "success":
		return changed("deployed "+what, key, when)
	case "failed":
		return changed("deploy of "+what+" failed", key, when)
	case "running":
		return noted("deploy of "+what+" begins", key, when)
	}
	return ignored("a deploy that is %q is not told", clip(g.Status))
}

// readPipeline reads a pipeline one of whose jobs deploys.
func readPipeline(s Source, g gitlab) told {
	p, to := g.Pipeline, ""
	for _, b := range g.Builds {
		if e := b.Environment; e != nil && (e.Action == "" || e.Action == "start") && s.counts(e.Name, e.Tier == production) {
			to = e.Name
		}
	}
	if to == "" {
		return ignored("a pipeline is told if one of its jobs deploys to production, or to an environment that the hook names")
	}
	what := fmt.Sprintf("%s %s to %s", clipped(g.Project.Path), at(p.Ref, p.SHA), clipped(to))
	key, when := fmt.Sprintf("gitlab\n%s\npipeline %d\n%s", g.Project.Path, p.ID, p.Status), timeOf(p.FinishedAt)
	switch p.Status {
	case "success":
		return changed("pipeline deployed "+what, key, when)
	case "failed":
		return changed("pipeline that deploys "+what+" failed", key, when)
	}
	return ignored("a pipeline that is %q is not told", clip(p.Status))
}
