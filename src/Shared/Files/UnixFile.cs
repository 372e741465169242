using System.Runtime.InteropServices;

namespace Tunnel.Shared.Files;

/// <summary>The type of a file; the values are those of <c>st_mode</c> (inode(7)).</summary>
public enum UnixFileType
{
    /// <summary>A named pipe.</summary>
    Fifo = 0x1000,

    /// <summary>A character device, such as a terminal.</summary>
    CharacterDevice = 0x2000,

    /// <summary>A directory.</summary>
    Directory = 0x4000,

    /// <summary>A block device, such as a disk.</summary>
    BlockDevice = 0x6000,

    /// <summary>A regular file.</summary>
    Regular = 0x8000,

    /// <summary>A symbolic link.</summary>
    Link = 0xA000,

    /// <summary>A Unix socket.</summary>
    Socket = 0xC000,
}

/// <summary>
/// What the kernel says of a path (statx(2)). .NET does not offer it: it treats all types as files, and opening one to find out may hang.
/// </summary>
/// <param name="Type">The file's type.</param>
/// <param name="Mode">The permissions.</param>
/// <param name="Owner">The owner's id.</param>
/// <param name="Group">The group's id.</param>
public readonly partial record struct UnixFile(UnixFileType Type, UnixFileMode Mode, uint Owner, uint Group)
{
    /// <summary>The words of <see cref="FaultOfFile"/> where nothing exists.</summary>
    public const string Missing = "does not exist";

    private const int TypeMask = 0xF000;

    /// <summary>The id of the process's effective user.</summary>
    public static uint CurrentUser => GetEffectiveUser();

    /// <summary>Whether anybody but the owner may write.</summary>
    public bool OthersMayWrite => (Mode & (UnixFileMode.GroupWrite | UnixFileMode.OtherWrite)) != 0;

    /// <summary>Looks up a path.</summary>
    /// <param name="path">Any path.</param>
    /// <param name="followLinks">Whether to follow a link, rather than look at the link itself.</param>
    /// <returns>Null when nothing exists: there is no such path, or a link leads nowhere.</returns>
    /// <exception cref="UnauthorizedAccessException">This user may not look there.</exception>
    /// <exception cref="IOException">The path can't be looked up: there is a loop of links, or a name is too long.</exception>
    public static UnixFile? At(string path, bool followLinks = true)
    {
        const int currentDirectory = -100;
        const int doNotFollow = 0x100;
        const uint typeModeAndOwners = 0x1B;
        const int ownerOffset = 20;
        const int groupOffset = 24;
        const int modeOffset = 28;
        const int noSuchFile = 2;
        const int accessDenied = 13;
        const int notADirectory = 20;
        Span<byte> status = stackalloc byte[256];
        if (Statx(currentDirectory, path, followLinks ? 0 : doNotFollow, typeModeAndOwners, ref MemoryMarshal.GetReference(status)) == 0)
        {
            var mode = MemoryMarshal.Read<ushort>(status[modeOffset..]);
            return new UnixFile(
                (UnixFileType)(mode & TypeMask),
                (UnixFileMode)(mode & ~TypeMask),
                MemoryMarshal.Read<uint>(status[ownerOffset..]),
                MemoryMarshal.Read<uint>(status[groupOffset..]));
        }

        var error = Marshal.GetLastPInvokeError();
        return error switch
        {
            noSuchFile or notADirectory => null,
            accessDenied => throw new UnauthorizedAccessException("Permission denied."),
            _ => throw new IOException(Marshal.GetPInvokeErrorMessage(error)),
        };
    }

    /// <summary>Says why a path is not a readable file, for the operator ("is a directory, …"); null when it may be one.</summary>
    public static string? FaultOfFile(string path)
    {
        try
        {
            return At(path, followLinks: false) is not { } there ? Missing
                : (there.Type == UnixFileType.Link ? At(path) : there) is not { } file ? $"is a link to {LinkTarget(path)}, which does "
                    + "not exist"
                // /dev/stdin and a shell's <(…) are of this kind.
                : there.Type == UnixFileType.Link && file.Type is (UnixFileType.Fifo or UnixFileType.CharacterDevice) ? null
                : file.Type != UnixFileType.Regular ? $"is a {Name(file.Type)}, not a file"
                : null;
        }
        catch (UnauthorizedAccessException)
        {
            return "can't be reached by this user: permission denied";
        }
        catch (IOException error)
        {
            return $"can't be reached: {error.Message}";
        }
    }

    /// <summary>
    /// Whether this process can write in a directory, or create it, judging by the nearest existing directory above it. Not even root can
    /// write to a read-only file system.
    /// </summary>
    public static bool CanWriteIn(string directory)
    {
        const int writeAndSearch = 3;
        for (var path = Path.GetFullPath(directory); path is not null; path = Path.GetDirectoryName(path))
        {
            try
            {
                if (At(path) is { } there)
                    return there.Type == UnixFileType.Directory && Access(path, writeAndSearch) == 0;
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                return false;
            }
        }

        return false;
    }

    /// <summary>Whether this user can see something at the path; a link that leads nowhere does not count.</summary>
    public static bool IsThere(string path)
    {
        try
        {
            return At(path) is not null;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    /// <summary>The target of a link.</summary>
    public static string? LinkTarget(string path) => new FileInfo(path).LinkTarget;

    /// <summary>The name of a type in words.</summary>
    public static string Name(UnixFileType type) => type switch
    {
        UnixFileType.Fifo => "FIFO",
        UnixFileType.CharacterDevice or UnixFileType.BlockDevice => "device",
        UnixFileType.Directory => "directory",
        UnixFileType.Socket => "socket",
        UnixFileType.Link => "link",
        _ => "file",
    };

    [LibraryImport("libc", EntryPoint = "statx", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Statx(int directory, string path, int flags, uint mask, ref byte status);

    [LibraryImport("libc", EntryPoint = "access", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Access(string path, int rights);

    [LibraryImport("libc", EntryPoint = "geteuid")]
    private static partial uint GetEffectiveUser();
}
