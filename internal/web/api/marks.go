package api

import (
	"reflect"

	"github.com/statusbot/statusbot/internal/serve"
)

// NewMark is the body of a POST to marks, and Taken its answer. internal/web/hooks takes
// it; a test of the house holds the two together.
type NewMark struct {
	Text       string   `json:"text" doc:"what was done: restarted lb-3"`
	At         string   `json:"at,omitempty" doc:"when, as 2026-03-02T19:32:00Z; now unless said"`
	Product    string   `json:"product,omitempty" doc:"id of the product that it is about"`
	Products   []string `json:"products,omitempty" doc:"ids, where there are several"`
	Component  string   `json:"component,omitempty" doc:"id of a component: the products whose checks use it"`
	Components []string `json:"components,omitempty" doc:"ids, where there are several"`
	Key        string   `json:"key,omitempty" doc:"what makes it the same mark when it is sent again; the header Idempotency-Key does as well"`
	Note       bool     `json:"note,omitempty" doc:"a note: nothing is measured of it"`
}

// Taken says what became of it.
type Taken struct {
	Taken   int    `json:"taken" doc:"of what it tells"`
	Known   int    `json:"known" doc:"that was told before"`
	Ignored string `json:"ignored,omitempty" doc:"why the rest is not taken"`
}

// marking describes the one path that is written to.
func (d describer) marking() object {
	d.define("NewMark", reflect.TypeFor[NewMark]())
	d.define("Taken", reflect.TypeFor[Taken]())
	problem := func(says string) object {
		return object{"description": says, "content": object{serve.ProblemType: object{"schema": ref("Problem")}}}
	}
	return object{"operationId": "mark", "summary": "tell a change: it stands on the timeline of the incidents that it is about, with what became of it",
		"security": []object{{"hook": []string{}}},
		"parameters": []object{{"name": "Idempotency-Key", "in": "header", "description": "what makes it the same mark when it is sent again",
			"schema": object{"type": "string"}}},
		"requestBody": object{"required": true, "content": object{"application/json": object{"schema": ref("NewMark")}}},
		"responses": object{
			"200": object{"description": "It is written down, or was before.", "content": object{"application/json": object{"schema": ref("Taken")}}},
			"400": problem("The body is no mark."),
			"401": problem("The token is not one of a hook of kind marks."),
			"405": problem("It is only written to."),
			"413": problem("The body is too long."),
			"422": problem("There is no such product or component, or its time is absurd."),
			"429": problem("That hook tells too much; come again."),
			"503": problem("It starts, or the journal does not answer; send it again."),
		}}
}
