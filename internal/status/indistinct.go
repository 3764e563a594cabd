package status

import "github.com/statusbot/statusbot/internal/impact/cause"

// Twins are components that no check tells apart: whichever of them fails, the
// same checks see it.
type Twins struct {
	Components []string // ids, sorted
	Checks     []string // ids of components: a check of each one alone would tell them apart
}

// Indistinct returns the components that no check tells apart.
func (d Definition) Indistinct() []Twins {
	closure := d.closure()
	uses := make(map[string][]string, len(d.Checks))
	for _, c := range d.Checks {
		uses[c.ID] = closure(c.Uses)
	}
	depends := make(map[string][]string, len(d.Components))
	ids := make([]string, 0, len(d.Components))
	for _, c := range d.Components {
		ids = append(ids, c.ID)
		depends[c.ID] = c.DependsOn
	}
	var out []Twins
	for _, class := range cause.Indistinct(uses, ids) {
		out = append(out, Twins{Components: class, Checks: cause.Separate(class, depends)})
	}
	return out
}
