/* What the processes inside the target tell the supervisor: bytes of a socket, for only a socket says whose they are, as the
 * supervisor's pid namespace counts, and can pass a descriptor. */
#include <fcntl.h>
#include <sys/socket.h>

#include "step.h"
#include "../syscall.h"

union ancillary {
    struct cmsghdr header;
    char bytes[CMSG_SPACE(sizeof(struct ucred)) + CMSG_SPACE(sizeof(int))];
};

int make_channel(int channel[2])
{
    int on = 1;
    long result = SYSCALL(socketpair, AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, channel);
    if (result == 0)
        result = SYSCALL(setsockopt, channel[0], SOL_SOCKET, SO_PASSCRED, &on, sizeof on);
    return (int)result;
}

int say(int channel, enum word word, int descriptor)
{
    char byte = (char)word;
    struct iovec part = {.iov_base = &byte, .iov_len = 1};
    union ancillary ancillary = {.bytes = {0}};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    if (descriptor >= 0) {
        ancillary.header = (struct cmsghdr){
            .cmsg_len = CMSG_LEN(sizeof descriptor), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS};
        memcpy(CMSG_DATA(&ancillary.header), &descriptor, sizeof descriptor);
        message.msg_control = &ancillary;
        message.msg_controllen = CMSG_SPACE(sizeof descriptor);
    }
    long sent = SYSCALL(sendmsg, channel, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    return sent < 0 ? (int)sent : 0;
}

static void take_ancillary(const struct msghdr *message, union ancillary *ancillary, struct heard *heard)
{
    for (size_t at = 0; at + sizeof(struct cmsghdr) <= message->msg_controllen;) {
        struct cmsghdr header;
        const char *data = ancillary->bytes + at + CMSG_LEN(0);
        memcpy(&header, ancillary->bytes + at, sizeof header);
        if (header.cmsg_len < sizeof header)
            return;
        struct ucred credentials;
        if (header.cmsg_type == SCM_CREDENTIALS && header.cmsg_len >= CMSG_LEN(sizeof credentials)) {
            memcpy(&credentials, data, sizeof credentials);
            heard->speaker = credentials.pid;
        }
        if (header.cmsg_type == SCM_RIGHTS && header.cmsg_len >= CMSG_LEN(sizeof heard->descriptor))
            memcpy(&heard->descriptor, data, sizeof heard->descriptor);
        at += CMSG_ALIGN(header.cmsg_len);
    }
}

bool hear(int channel, struct heard *heard)
{
    char byte = 0;
    struct iovec part = {.iov_base = &byte, .iov_len = 1};
    union ancillary ancillary = {.bytes = {0}};
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = &ancillary, .msg_controllen = sizeof ancillary};
    *heard = (struct heard){.descriptor = -1};
    if (SYSCALL(recvmsg, channel, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC) != 1)
        return false;
    take_ancillary(&message, &ancillary, heard);
    heard->word = byte;
    return true;
}
