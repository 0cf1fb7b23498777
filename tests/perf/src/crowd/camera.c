// A camera for programs that take pictures from a V4L2 device only, on computers that have none: loaded before the C library
// (LD_PRELOAD), it makes a device of the file CAMERA_PICTURE, which gives the contents of that file thirty times a second.
//
// The device is a timer: it is readable, for select() and poll() as well, whenever a picture is due. The rest is what V4L2's
// streaming by mapped memory asks for:
// https://docs.kernel.org/userspace-api/media/v4l/mmap.html

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/videodev2.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <unistd.h>

#define WIDTH 1280
#define HEIGHT 720
#define FRAMES_A_SECOND 30
#define MAX_BUFFERS 8
// A multiple of every page size, so that a buffer's offset is one.
#define BUFFER_BYTES (1 << 20)

static int device = -1;
static unsigned char *picture;
static size_t picture_bytes;
static void *buffers[MAX_BUFFERS];
static unsigned buffer_count;
// Buffers the program has given back, in their order.
static unsigned queue[MAX_BUFFERS];
static unsigned queue_length;
static unsigned sequence;

static int refuse(int error) {
    errno = error;
    return -1;
}

static int open_camera(const char *path) {
    FILE *file = fopen(path, "rb");
    if (!file) {
        return -1;
    }
    free(picture);
    picture = malloc(BUFFER_BYTES);
    picture_bytes = picture ? fread(picture, 1, BUFFER_BYTES, file) : 0;
    fclose(file);
    if (picture_bytes == 0) {
        return refuse(EIO);
    }
    return device = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
}

static int run(int is_on) {
    struct timespec interval = {.tv_nsec = is_on ? 1000000000 / FRAMES_A_SECOND : 0};
    struct itimerspec timer = {.it_interval = interval, .it_value = interval};
    queue_length = is_on ? queue_length : 0;
    return timerfd_settime(device, 0, &timer, NULL);
}

static void describe(struct v4l2_format *format) {
    struct v4l2_pix_format *pix = &format->fmt.pix;
    memset(pix, 0, sizeof *pix);
    pix->width = WIDTH;
    pix->height = HEIGHT;
    pix->pixelformat = V4L2_PIX_FMT_MJPEG;
    pix->field = V4L2_FIELD_NONE;
    pix->sizeimage = BUFFER_BYTES;
    pix->colorspace = V4L2_COLORSPACE_JPEG;
}

static int give_back(struct v4l2_buffer *buffer) {
    if (buffer->index >= buffer_count || queue_length == MAX_BUFFERS) {
        return refuse(EINVAL);
    }
    queue[queue_length++] = buffer->index;
    return 0;
}

static int take(struct v4l2_buffer *buffer) {
    uint64_t due;
    if (queue_length == 0 || read(device, &due, sizeof due) != sizeof due) {
        return refuse(EAGAIN);
    }
    buffer->index = queue[0];
    memmove(queue, queue + 1, --queue_length * sizeof *queue);
    memcpy(buffers[buffer->index], picture, picture_bytes);
    buffer->bytesused = picture_bytes;
    buffer->flags = V4L2_BUF_FLAG_MAPPED | V4L2_BUF_FLAG_DONE | V4L2_BUF_FLAG_TIMESTAMP_MONOTONIC;
    buffer->sequence = sequence++;
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    buffer->timestamp.tv_sec = now.tv_sec;
    buffer->timestamp.tv_usec = now.tv_nsec / 1000;
    return 0;
}

static int answer(unsigned request, void *argument) {
    switch (request) {
    case VIDIOC_QUERYCAP: {
        struct v4l2_capability *capability = argument;
        memset(capability, 0, sizeof *capability);
        strcpy((char *)capability->driver, "roomwire");
        strcpy((char *)capability->card, "roomwire");
        capability->device_caps = V4L2_CAP_VIDEO_CAPTURE | V4L2_CAP_STREAMING;
        capability->capabilities = capability->device_caps | V4L2_CAP_DEVICE_CAPS;
        return 0;
    }
    case VIDIOC_S_INPUT:
        return 0;
    case VIDIOC_G_FMT:
    case VIDIOC_S_FMT:
    case VIDIOC_TRY_FMT:
        describe(argument);
        return 0;
    case VIDIOC_G_PARM:
    case VIDIOC_S_PARM: {
        struct v4l2_captureparm *capture = &((struct v4l2_streamparm *)argument)->parm.capture;
        capture->capability = V4L2_CAP_TIMEPERFRAME;
        capture->timeperframe = (struct v4l2_fract){1, FRAMES_A_SECOND};
        return 0;
    }
    case VIDIOC_REQBUFS: {
        struct v4l2_requestbuffers *wanted = argument;
        if (wanted->memory != V4L2_MEMORY_MMAP) {
            return refuse(EINVAL);
        }
        wanted->count = wanted->count < MAX_BUFFERS ? wanted->count : MAX_BUFFERS;
        buffer_count = wanted->count;
        queue_length = 0;
        return 0;
    }
    case VIDIOC_QUERYBUF: {
        struct v4l2_buffer *buffer = argument;
        if (buffer->index >= buffer_count) {
            return refuse(EINVAL);
        }
        buffer->length = BUFFER_BYTES;
        buffer->m.offset = buffer->index * BUFFER_BYTES;
        return 0;
    }
    case VIDIOC_QBUF:
        return give_back(argument);
    case VIDIOC_DQBUF:
        return take(argument);
    case VIDIOC_STREAMON:
        return run(1);
    case VIDIOC_STREAMOFF:
        return run(0);
    default:
        return refuse(ENOTTY);
    }
}

int ioctl(int file, unsigned long request, ...) {
    static int (*next)(int, unsigned long, void *);
    va_list arguments;
    va_start(arguments, request);
    void *argument = va_arg(arguments, void *);
    va_end(arguments);
    if (file == device && device >= 0) {
        // Its upper half is the sign of a number that some programs keep in an int.
        return answer((unsigned)request, argument);
    }
    if (!next) {
        next = dlsym(RTLD_NEXT, "ioctl");
    }
    return next(file, request, argument);
}

static int open_any(const char *name, const char *path, int flags, mode_t mode) {
    const char *camera = getenv("CAMERA_PICTURE");
    if (camera && strcmp(path, camera) == 0) {
        return open_camera(path);
    }
    int (*next)(const char *, int, mode_t) = dlsym(RTLD_NEXT, name);
    return next(path, flags, mode);
}

static mode_t mode_of(int flags, va_list arguments) {
    return flags & (O_CREAT | O_TMPFILE) ? va_arg(arguments, mode_t) : 0;
}

int open(const char *path, int flags, ...) {
    va_list arguments;
    va_start(arguments, flags);
    mode_t mode = mode_of(flags, arguments);
    va_end(arguments);
    return open_any("open", path, flags, mode);
}

int open64(const char *path, int flags, ...) {
    va_list arguments;
    va_start(arguments, flags);
    mode_t mode = mode_of(flags, arguments);
    va_end(arguments);
    return open_any("open64", path, flags, mode);
}

typedef void *map_function(void *, size_t, int, int, int, off64_t);

static void *map(const char *name, void *at, size_t length, int protection, int flags, int file, off64_t offset) {
    map_function *next = (map_function *)dlsym(RTLD_NEXT, name);
    if (file != device || device < 0) {
        return next(at, length, protection, flags, file, offset);
    }
    size_t index = offset / BUFFER_BYTES;
    if (index >= buffer_count || length > BUFFER_BYTES) {
        errno = EINVAL;
        return MAP_FAILED;
    }
    return buffers[index] = next(NULL, BUFFER_BYTES, protection, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
}

void *mmap(void *at, size_t length, int protection, int flags, int file, off_t offset) {
    return map("mmap", at, length, protection, flags, file, offset);
}

void *mmap64(void *at, size_t length, int protection, int flags, int file, off64_t offset) {
    return map("mmap64", at, length, protection, flags, file, offset);
}

int close(int file) {
    int (*next)(int) = dlsym(RTLD_NEXT, "close");
    // The number may be another file's from now on.
    device = file == device ? -1 : device;
    return next(file);
}
