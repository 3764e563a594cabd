package probe

// Cost is what a kind's probes cost most of. Each has its own bound in a
// runner, so that the dear ones cannot take the place of the others.
type Cost uint8

const (
	NetworkCost Cost = iota // connections: cheap, thousands at once
	ScriptCost              // processes
	BrowserCost             // browsers: hundreds of MiB each
	Costs                   // how many there are
)
