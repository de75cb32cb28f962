# SPDX-License-Identifier: MIT
#
# The documents: as they are, and with the manual pages as HTML.

documents = \
	doc/BENCHMARKS.md \
	doc/CHOOSING.md \
	doc/DESIGN.md \
	doc/QUESTIONS.md \
	doc/SIZING.md
pictures = \
	doc/pictures/report-failed.png \
	doc/pictures/report.png \
	doc/pictures/sizing.png

# Links between installed documents hold, because each has the same place below $(docdir) as here.
dist_doc_DATA = NEWS README.md SECURITY.md
documentsdir = $(docdir)/doc
dist_documents_DATA = $(documents)
picturesdir = $(docdir)/doc/pictures
dist_pictures_DATA = $(pictures)

EXTRA_DIST += doc/installed.awk

# Links to other files are taken out of the installed documents.
install-data-hook:
	@cd '$(DESTDIR)$(docdir)' && for file in README.md SECURITY.md $(documents); do \
		$(AWK) -f '$(abs_top_srcdir)/doc/installed.awk' "$$file" >"$$file.tmp" && \
		cat "$$file.tmp" >"$$file" && rm "$$file.tmp" || exit 1; \
	done

# ------------------------------------------------------------------------------------------------
# HTML
# ------------------------------------------------------------------------------------------------

manual_tools = \
	doc/manual/convert.py \
	doc/manual/links.py \
	doc/manual/manual.css \
	doc/manual/manual.py \
	doc/manual/outline.py \
	doc/manual/page.html \
	doc/manual/search.js
EXTRA_DIST += $(manual_tools)

# What has a page. The same whatever is built, so that all references lead somewhere.
manual_sources = \
	$(dist_man_MANS) $(MALLOC_PAGES) $(REPLAY_PAGES) \
	$(documents) \
	$(include_HEADERS) \
	$(manual_examples) \
	COPYING CONTRIBUTING.md NEWS README.md SECURITY.md \
	bench/README.md examples/README.md tests/README.md

manual_examples = \
	examples/01-first.c \
	examples/02-static-buffer.c \
	examples/03-wordcount.c \
	examples/04-request-scope.c \
	examples/05-misuse.c \
	examples/06-bookkeeping.c \
	examples/07-containers.cc \
	examples/wordindex.c \
	examples/wordindex.h \
	examples/wordreport.c \
	examples/wordreport.h

html.stamp: $(manual_sources) $(manual_tools) replay/page/palette.css $(pictures)
	$(AM_V_GEN)rm -rf html html.tmp && \
	$(PYTHON) -B $(srcdir)/doc/manual/manual.py --source=$(srcdir) --output=html.tmp --version=$(PACKAGE_VERSION) \
		--mandoc='$(MANDOC)' --cmark='$(CMARK_GFM)' $(manual_sources) && \
	mv html.tmp html && echo >$@

if HAVE_HTML_TOOLS
html-local: html.stamp
else
html-local:
	@echo 'The manual as HTML needs, and configure did not find: $(HTML_MISSING)' >&2; exit 1
endif

if BUILD_HTML
all-local: html.stamp
install-data-local: install-html-local
endif

install-html-local: html-local
	$(MKDIR_P) '$(DESTDIR)$(htmldir)/html/pictures'
	$(INSTALL_DATA) html/*.* '$(DESTDIR)$(htmldir)/html'
	$(INSTALL_DATA) html/pictures/* '$(DESTDIR)$(htmldir)/html/pictures'

uninstall-local:
	rm -rf '$(DESTDIR)$(htmldir)/html'

CLEANFILES += html.stamp

if BUILD_TESTS
TESTS += tests/html.sh
endif
