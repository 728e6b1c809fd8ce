// A service that says that it is well.
package main

import (
	"fmt"
	"net/http"
	"os"
)

func health(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "well") }

func main() {
	http.HandleFunc("/health", health)
	if err := http.ListenAndServe(os.Args[1], nil); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
