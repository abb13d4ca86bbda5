/* SPDX-License-Identifier: GPL-2.0-only */
/* Files that were put into the program by scripts/embed.sh. */
#ifndef MMT_PAGE_ASSETS_H
#define MMT_PAGE_ASSETS_H

#include <stddef.h>

struct page_asset {
	const unsigned char *p;
	size_t len;
};

extern const struct page_asset asset_uPlot_min_css, asset_uPlot_iife_min_js, asset_page_css, asset_page_js,
	asset_flame_css, asset_flame_js;

#endif
