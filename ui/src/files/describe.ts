import {
  File,
  FileArchive,
  FileMusic,
  FileSpreadsheet,
  FileText,
  VideoFile,
  Image,
  type IconType,
} from "../shared/icons";
import { t, type Key } from "../shared/i18n/index.svelte";

type Kind = "picture" | "video" | "sound" | "archive" | "table" | "text" | "other";

const ICONS: Record<Kind, IconType> = {
  picture: Image,
  video: VideoFile,
  sound: FileMusic,
  archive: FileArchive,
  table: FileSpreadsheet,
  text: FileText,
  other: File,
};

const ARCHIVES = /^application\/(zip|gzip|x-tar|x-7z-compressed|vnd\.rar|x-bzip2?|x-xz|zstd)/;
const TABLES =
  /^(text\/csv|application\/vnd\.(ms-excel|openxmlformats-officedocument\.spreadsheetml|oasis\.opendocument\.spreadsheet))/;
const TEXTS =
  /^(text\/|application\/(pdf|msword|json|rtf|vnd\.(openxmlformats-officedocument\.wordprocessingml|oasis\.opendocument\.text)))/;

function classify(mime: string): Kind {
  if (mime.startsWith("image/")) return "picture";
  if (mime.startsWith("video/")) return "video";
  if (mime.startsWith("audio/")) return "sound";
  if (ARCHIVES.test(mime)) return "archive";
  if (TABLES.test(mime)) return "table";
  return TEXTS.test(mime) ? "text" : "other";
}

export function iconOf(mime: string): IconType {
  return ICONS[classify(mime)];
}

/** The kind in words, with the ending where it says more: `Archive ZIP`, `PCAPNG`. */
export function kindOf(mime: string, name: string): string {
  const dot = name.lastIndexOf(".");
  const ending = dot > 0 && name.length - dot <= 8 ? name.slice(dot + 1).toUpperCase() : "";
  return ending || t(`files.kind.${classify(mime)}` satisfies Key);
}

/** The time a transfer still takes. */
export function timeLeft(seconds: number | null): string {
  if (seconds === null) return t("files.leftUnknown");
  if (seconds < 60) return t("files.leftSeconds", { s: Math.max(1, Math.round(seconds)) });
  if (seconds < 5400) return t("files.leftMinutes", { m: Math.round(seconds / 60) });
  return t("files.leftHours", { h: (seconds / 3600).toFixed(1) });
}
