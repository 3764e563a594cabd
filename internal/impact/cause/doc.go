// Package cause ranks who may be to blame: which shared component, or which of
// our own vantages, explains best which checks fail and which do not.
// docs/causes.md has the formulas.
//
// It goes by impact.Evidence alone, what each check saw since the trouble
// began, and keeps nothing: the same evidence, in whatever order, gives the
// same Ranking. Rank says who is to blame, Reach how likely a product is hurt
// by what the others show, Away how far a component's own metrics moved,
// and Indistinct, before anything breaks, what no check could tell apart.
package cause
