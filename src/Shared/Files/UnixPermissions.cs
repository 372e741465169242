using System.Runtime.InteropServices;

namespace Tunnel.Shared.Files;

/// <summary>The process's file mode creation mask (umask(2)), which .NET does not offer.</summary>
internal static partial class UnixPermissions
{
    private static readonly Lock Gate = new();

    /// <summary>
    /// Runs an action that creates a file while only the owner's and the group's read and write bits can be granted, so that the file never
    /// has more. The mask applies to the whole process: a file that another thread creates meanwhile gets fewer permissions, never more.
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
