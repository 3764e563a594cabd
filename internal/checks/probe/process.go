package probe

// Inherited are the variables that a script gets from our environment: what
// programs need to run at all, and no secret.
var Inherited = []string{"PATH", "HOME", "LANG", "TZ"}
