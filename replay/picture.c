/* SPDX-License-Identifier: MIT */
#include "replay/picture.h"

#include <math.h>
#include <png.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "replay/buffer.h"

/* Pixels of a picture at most, and at least if cells can be drawn larger. */
enum { MOST_COLUMNS = 2048, MOST_ROWS = 1024, LEAST_COLUMNS = 1024, LEAST_ROWS = 512 };

typedef struct Color {
    double red, green, blue; /* 0 to 255 */
} Color;

static const Color FREE_COLOR = {250, 250, 247};

/* From the youngest to the oldest: a scale of even lightness, which those who see few colours can read. */
static const Color AGES[] = {
    {225, 220, 38}, {122, 209, 81}, {53, 183, 121}, {33, 145, 140}, {49, 104, 142}, {65, 68, 135},
};
enum { AGE_COUNT = sizeof AGES / sizeof *AGES };

static Color mix(Color from, Color to, double share)
{
    return (Color){
        from.red + (to.red - from.red) * share,
        from.green + (to.green - from.green) * share,
        from.blue + (to.blue - from.blue) * share,
    };
}

/* The colour of a cell, when the age that no block exceeds is so many levels. */
static Color cell_color(unsigned use, unsigned age, double oldest)
{
    if (use == 0)
        return FREE_COLOR;

    double at = age / oldest * (AGE_COUNT - 1);
    size_t below = at >= AGE_COUNT - 2 ? AGE_COUNT - 2 : (size_t)at;
    double over = at - (double)below;
    Color color = mix(AGES[below], AGES[below + 1], over < 1 ? over : 1);
    return mix(FREE_COLOR, color, 0.25 + 0.75 * use / MAP_FULL);
}

typedef struct Picture {
    uint32_t columns, rows; /* pixels */
    unsigned char *pixels;  /* red, green, blue; the top row first */
} Picture;

static bool picture_draw(const MapCells *cells, uint64_t events, Picture *picture)
{
    uint32_t wide = cells->columns < LEAST_COLUMNS ? LEAST_COLUMNS / cells->columns : 1;
    uint32_t high = cells->rows < LEAST_ROWS ? LEAST_ROWS / cells->rows : 1;
    double oldest = 1 + 2 * log2((double)(events < 2 ? 2 : events));

    picture->columns = cells->columns * wide;
    picture->rows = cells->rows * high;
    picture->pixels = malloc((size_t)picture->columns * picture->rows * 3);
    if (picture->pixels == NULL)
        return false;

    unsigned char *to = picture->pixels;
    for (uint32_t y = picture->rows; y-- > 0;) {
        for (uint32_t x = 0; x < picture->columns; x++) {
            size_t at = (size_t)(y / high) * cells->columns + x / wide;
            Color color = cell_color(cells->plane[MAP_USE][at], cells->plane[MAP_AGE][at], oldest);
            *to++ = (unsigned char)(color.red + 0.5);
            *to++ = (unsigned char)(color.green + 0.5);
            *to++ = (unsigned char)(color.blue + 0.5);
        }
    }
    return true;
}

/* Draws the map as finely as a picture may be. */
static bool picture_make(const Collection *from, Picture *picture)
{
    const MapCells *cells = map_cells(from->map);
    MapCells coarse = {0};
    bool made = true;

    while (made && (cells->columns > MOST_COLUMNS || cells->rows > MOST_ROWS)) {
        MapCells half;
        made = map_halve(cells, &half);
        map_free_cells(&coarse);
        if (made)
            coarse = half;
        cells = &coarse;
    }
    made = made && picture_draw(cells, from->shape.events, picture);
    map_free_cells(&coarse);
    return made;
}

/* Appends the picture as a PNG. */
static void picture_encode(const Picture *picture, Buffer *file)
{
    png_image image = {
        .version = PNG_IMAGE_VERSION,
        .width = picture->columns,
        .height = picture->rows,
        .format = PNG_FORMAT_RGB,
    };
    png_alloc_size_t bytes = 0;

    if (!png_image_write_get_memory_size(image, bytes, 0, picture->pixels, 0, NULL)) {
        file->failed = true;
        return;
    }
    void *data = malloc(bytes);
    if (data == NULL ||
        !png_image_write_to_memory(&image, data, &bytes, 0, picture->pixels, 0, NULL))
        file->failed = true;
    else
        buffer_append(file, data, bytes);
    free(data);
}

static void picture_file(const Collection *from, Buffer *file)
{
    Picture picture;

    if (!picture_make(from, &picture)) {
        file->failed = true;
        return;
    }
    picture_encode(&picture, file);
    free(picture.pixels);
}

bool picture_png(const Collection *collection, const char *path, TraceError *error)
{
    Buffer file = {0};

    picture_file(collection, &file);
    bool written = buffer_write(&file, path, error->text, sizeof error->text);
    buffer_free(&file);
    return written;
}

/* ------------------------------------------------------------------------------------------------
 * With axes
 * --------------------------------------------------------------------------------------------- */

/* Of the drawing, in units of SVG. */
enum { LEFT = 90, TOP = 56, WIDTH = 1024, HEIGHT = 512, BELOW = 64 };

/* A step of 1, 2 or 5 times a power of ten (of two, for bytes), of which there are about so many. */
static double axis_step(double all, double steps, bool binary)
{
    double step = 1;
    double rough = all / steps;

    if (binary) {
        while (step < rough)
            step *= 2;
        return step;
    }
    step = pow(10, floor(log10(rough < 1 ? 1 : rough)));
    return rough <= step       ? step
           : rough <= 2 * step ? 2 * step
           : rough <= 5 * step ? 5 * step
                               : 10 * step;
}

static void print_bytes(Buffer *svg, double bytes)
{
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
    size_t unit = 0;

    while (bytes >= 1024 && unit < 4) {
        bytes /= 1024;
        unit++;
    }
    buffer_print(svg, "%.4g %s", bytes, units[unit]);
}

static void print_calls(Buffer *svg, double calls)
{
    if (calls >= 1e6)
        buffer_print(svg, "%.4g M", calls / 1e6);
    else if (calls >= 1e4)
        buffer_print(svg, "%.4g k", calls / 1e3);
    else
        buffer_print(svg, "%.0f", calls);
}

/* The moment of a call, in seconds. */
static double seconds_at(const Collection *from, double call)
{
    size_t column = (size_t)(call / (double)from->shape.width);

    if (column >= from->shape.columns)
        return (double)from->tally.time / 1e6;
    return (double)from->columns[column].time / 1e6;
}

static void svg_addresses(const Collection *from, Buffer *svg)
{
    double capacity = (double)from->capacity;
    double step = axis_step(capacity, 6, true);

    for (unsigned i = 0; i * step <= capacity; i++) {
        double bytes = i * step;
        double y = TOP + HEIGHT - bytes / capacity * HEIGHT;
        buffer_print(svg, "<path d='M%d %.1fh-6'/><text x='%d' y='%.1f' text-anchor='end'>", LEFT,
                     y, LEFT - 10, y + 4);
        print_bytes(svg, bytes);
        buffer_print(svg, "</text>\n");
    }
}

static void svg_calls(const Collection *from, Buffer *svg)
{
    double events = (double)from->shape.events;
    double step = axis_step(events, 8, false);

    for (unsigned i = 0; i * step <= events; i++) {
        double call = i * step;
        double x = LEFT + call / events * WIDTH;
        buffer_print(svg, "<path d='M%.1f %dv6'/><text x='%.1f' y='%d' text-anchor='middle'>", x,
                     TOP + HEIGHT, x, TOP + HEIGHT + 20);
        print_calls(svg, call);
        buffer_print(svg, "</text><text x='%.1f' y='%d' text-anchor='middle'>%.3g s</text>\n", x,
                     TOP + HEIGHT + 36, seconds_at(from, call));
    }
}

static void svg_title(const Collection *from, Buffer *svg)
{
    buffer_print(svg,
                 "<title>A region over time</title><desc>Calls from left to right, addresses "
                 "upwards; bright: allocated a moment ago, dark: long ago, white: free.</desc>"
                 "<text x='%d' y='24' class='title'>Region of ",
                 LEFT);
    print_bytes(svg, (double)from->capacity);
    buffer_print(svg, ", most live at once ");
    print_bytes(svg, (double)from->tally.peak_live);
    buffer_print(svg,
                 "</text><text x='%d' y='43'>bright: allocated a moment ago, dark: long ago, "
                 "white: free</text>\n",
                 LEFT);
}

static void svg_print(const Collection *from, const Buffer *image, Buffer *svg)
{
    buffer_print(svg,
                 "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 %d %d' role='img'>\n"
                 "<style>text{font:12px sans-serif;fill:#333}.title{font-size:15px;"
                 "font-weight:600}path{stroke:#777;fill:none}image{image-rendering:pixelated}"
                 "</style>\n<rect width='100%%' height='100%%' fill='#fff'/>\n",
                 LEFT + WIDTH + 40, TOP + HEIGHT + BELOW);
    svg_title(from, svg);
    buffer_print(svg,
                 "<image x='%d' y='%d' width='%d' height='%d' preserveAspectRatio='none' "
                 "href='data:image/png;base64,",
                 LEFT, TOP, WIDTH, HEIGHT);
    buffer_base64(svg, image->data, image->length);
    buffer_print(svg, "'/>\n<path d='M%d %dh%dv%dh-%dz'/>\n", LEFT, TOP, WIDTH, HEIGHT, WIDTH);
    svg_addresses(from, svg);
    svg_calls(from, svg);
    buffer_print(svg,
                 "<text x='%d' y='%d' text-anchor='middle'>calls, and the clock</text>\n</svg>\n",
                 LEFT + WIDTH / 2, TOP + HEIGHT + 56);
}

bool picture_svg(const Collection *collection, const char *path, TraceError *error)
{
    Buffer image = {0}, svg = {0};

    picture_file(collection, &image);
    svg_print(collection, &image, &svg);
    svg.failed |= image.failed;
    bool written = buffer_write(&svg, path, error->text, sizeof error->text);
    buffer_free(&image);
    buffer_free(&svg);
    return written;
}
