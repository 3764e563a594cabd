package spelling_test

import (
	"fmt"

	"github.com/statusbot/statusbot/internal/spelling"
)

func ExampleNearest() {
	meant, ok := spelling.Nearest("biling", []string{"billing", "search"})
	fmt.Println(meant, ok)
	// Output: billing true
}
