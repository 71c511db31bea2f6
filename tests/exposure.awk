# SPDX-License-Identifier: MIT
# From rows of exposure, with -v image=north/web@alice: account, how, the way to its object as a path, since.
BEGIN { FS = OFS = "\t" }
{
    way = $4 == "-" ? image : path[$4]
    path[$1] = $3 ~ /share$/ && $7 != "hidden" ? way : way " > " ($6 > 1 ? $6 " " : "") $7
    print $2, $3, path[$1], $5
    if ($4 != "-" && $4 >= $1) { print "row", $1, "comes from a later one"; exit 1 }
}
