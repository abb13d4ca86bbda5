#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# embed.sh FILE...: C source with the bytes of each as `const struct page_asset asset_NAME`.
set -eu
echo '#include "analyzer/page/assets.h"'
for f; do
	name=$(basename "$f" | tr -c 'A-Za-z0-9\n' _)
	echo "static const unsigned char bytes_${name}[] = {"
	od -An -v -tu1 "$f" | sed 's/  */,/g; s/^,//; s/$/,/'
	echo "};"
	echo "const struct page_asset asset_$name = { bytes_$name, sizeof(bytes_$name) };"
done
