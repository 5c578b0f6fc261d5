/* The files of report/page/ as the build puts them into the program. */
#ifndef CK_REPORT_PAGE_DATA_H
#define CK_REPORT_PAGE_DATA_H

#include <stddef.h>

typedef struct ck_page_part {
    const unsigned char *bytes;
    size_t nbytes;
} ck_page_part;

extern const ck_page_part ck_page_html, ck_page_css, ck_page_js;

#endif
