/**
 * The icons in use, from one outline set (Lucide). Each is imported by its own path: the package's index would load
 * thousands of them into the development server and every test.
 */
import type Activity from "@lucide/svelte/icons/activity";

/** The component of one icon. */
export type IconType = typeof Activity;

export { default as Activity } from "@lucide/svelte/icons/activity";
export { default as ArrowDown } from "@lucide/svelte/icons/arrow-down";
export { default as ArrowLeft } from "@lucide/svelte/icons/arrow-left";
export { default as ArrowLeftRight } from "@lucide/svelte/icons/arrow-left-right";
export { default as Camera } from "@lucide/svelte/icons/camera";
export { default as Check } from "@lucide/svelte/icons/check";
export { default as CheckCheck } from "@lucide/svelte/icons/check-check";
export { default as ChevronDown } from "@lucide/svelte/icons/chevron-down";
export { default as ChevronLeft } from "@lucide/svelte/icons/chevron-left";
export { default as ChevronRight } from "@lucide/svelte/icons/chevron-right";
export { default as CircleDot } from "@lucide/svelte/icons/circle-dot";
export { default as ClipboardPaste } from "@lucide/svelte/icons/clipboard-paste";
export { default as Clock } from "@lucide/svelte/icons/clock";
export { default as Columns2 } from "@lucide/svelte/icons/columns-2";
export { default as Contrast } from "@lucide/svelte/icons/contrast";
export { default as Copy } from "@lucide/svelte/icons/copy";
export { default as Download } from "@lucide/svelte/icons/download";
export { default as EthernetPort } from "@lucide/svelte/icons/ethernet-port";
export { default as Eye } from "@lucide/svelte/icons/eye";
export { default as EyeOff } from "@lucide/svelte/icons/eye-off";
export { default as File } from "@lucide/svelte/icons/file";
export { default as FileArchive } from "@lucide/svelte/icons/file-archive";
export { default as FileMusic } from "@lucide/svelte/icons/file-music";
export { default as FileSpreadsheet } from "@lucide/svelte/icons/file-spreadsheet";
export { default as FileText } from "@lucide/svelte/icons/file-text";
export { default as VideoFile } from "@lucide/svelte/icons/film";
export { default as FolderOpen } from "@lucide/svelte/icons/folder-open";
export { default as History } from "@lucide/svelte/icons/history";
export { default as Image } from "@lucide/svelte/icons/image";
export { default as Info } from "@lucide/svelte/icons/info";
export { default as Laptop } from "@lucide/svelte/icons/laptop";
export { default as Lock } from "@lucide/svelte/icons/lock";
export { default as LogIn } from "@lucide/svelte/icons/log-in";
export { default as LogOut } from "@lucide/svelte/icons/log-out";
export { default as Maximize } from "@lucide/svelte/icons/maximize";
export { default as MessageSquare } from "@lucide/svelte/icons/message-square";
export { default as Minimize } from "@lucide/svelte/icons/minimize";
export { default as Monitor } from "@lucide/svelte/icons/monitor";
export { default as Moon } from "@lucide/svelte/icons/moon";
export { default as Paperclip } from "@lucide/svelte/icons/paperclip";
export { default as Pause } from "@lucide/svelte/icons/pause";
export { default as Play } from "@lucide/svelte/icons/play";
export { default as Plug } from "@lucide/svelte/icons/plug";
export { default as RadioTower } from "@lucide/svelte/icons/radio-tower";
export { default as RefreshCw } from "@lucide/svelte/icons/refresh-cw";
export { default as RotateCcw } from "@lucide/svelte/icons/rotate-ccw";
export { default as Scissors } from "@lucide/svelte/icons/scissors";
export { default as Search } from "@lucide/svelte/icons/search";
export { default as SendHorizontal } from "@lucide/svelte/icons/send-horizontal";
export { default as Shield } from "@lucide/svelte/icons/shield";
export { default as SlidersHorizontal } from "@lucide/svelte/icons/sliders-horizontal";
export { default as Square } from "@lucide/svelte/icons/square";
export { default as SquareDashedText } from "@lucide/svelte/icons/square-dashed-text";
export { default as Sun } from "@lucide/svelte/icons/sun";
export { default as Tally4 } from "@lucide/svelte/icons/tally-4";
export { default as TriangleAlert } from "@lucide/svelte/icons/triangle-alert";
export { default as Unplug } from "@lucide/svelte/icons/unplug";
export { default as Upload } from "@lucide/svelte/icons/upload";
export { default as User } from "@lucide/svelte/icons/user";
export { default as Users } from "@lucide/svelte/icons/users";
export { default as Video } from "@lucide/svelte/icons/video";
export { default as VideoOff } from "@lucide/svelte/icons/video-off";
export { default as Wifi } from "@lucide/svelte/icons/wifi";
export { default as X } from "@lucide/svelte/icons/x";
