using System.Runtime.InteropServices;

namespace Tunnel.Shared.Files;

/// <summary>The process's file mode creation mask (umask(2)), which .NET does not offer.</summary>
internal static partial class UnixPermissions
{
    private static readonly Lock Gate = new();

    /// <summary>
    /// Does something that creates a file while no more than the owner's and the group's read and write bits are granted: the file never
    /// exists with more. The mask is the whole process's, so a file that another thread makes meanwhile gets fewer rights, never more.
    /// </summary>
    public static T WithOwnerAndGroupOnly<T>(Func<T> create)
    {
        lock (Gate)
        {
            var previous = SetMask(0b001_001_111);
            try
            {
                return create();
            }
            finally
            {
                SetMask(previous);
            }
        }
    }

    [LibraryImport("libc", EntryPoint = "umask")]
    private static partial uint SetMask(uint mask);
}
