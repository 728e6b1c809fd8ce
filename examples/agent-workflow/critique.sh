#!/bin/sh
# The critique: what stands in `critique`, a line for each round; without it, all is well.
[ -s critique ] || { echo APPROVED; exit 0; }
head -n 1 critique
sed -i 1d critique
